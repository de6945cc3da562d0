// Waiting, for a time and for the next task.

/** Runs `callback` in a task of its own. Unlike a timer it is not slowed down in a background tab. */
export const inNextTask =
  typeof setImmediate === "function"
    ? (callback) => setImmediate(callback)
    : (callback) => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => {
          channel.port1.close();
          callback();
        };
        channel.port2.postMessage(null);
      };

export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
