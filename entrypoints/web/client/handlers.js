// The functions of the application, by what they wait for.

/** Whether `pattern` ends with `*`, and `name` begins as it does; the server's own names go by no pattern. */
export function isPatternOf(pattern, name) {
  if (typeof pattern !== "string" || !pattern.endsWith("*") || name.startsWith("dialogue.")) return false;
  return name.startsWith(pattern.slice(0, -1));
}

/** Sets of handlers by name. A handler that throws, or whose promise fails, is reported and harms nobody else. */
export class Handlers {
  #sets = new Map();
  #report;

  constructor(report) {
    this.#report = report;
  }

  add(name, handler) {
    if (typeof handler !== "function") throw new TypeError(`The handler of "${name}" must be a function`);
    if (!this.#sets.has(name)) this.#sets.set(name, new Set());
    // A wrapper, so that one function registered twice is two registrations.
    const registration = { handler };
    this.#sets.get(name).add(registration);
    return () => void this.#sets.get(name)?.delete(registration);
  }

  remove(name, handler) {
    for (const registration of this.#sets.get(name) ?? []) {
      if (handler === undefined || registration.handler === handler) this.#sets.get(name).delete(registration);
    }
  }

  /** The names that end with `*` and stand for `name`. */
  patternsOf(name) {
    return [...this.#sets.keys()].filter((each) => isPatternOf(each, name));
  }

  /** How many handlers were called. */
  call(name, ...args) {
    const registrations = [...(this.#sets.get(name) ?? [])];
    for (const { handler } of registrations) {
      try {
        const result = handler(...args);
        if (typeof result?.then === "function") result.then(undefined, this.#report);
      } catch (error) {
        this.#report(error);
      }
    }
    return registrations.length;
  }

  get isEmpty() {
    return [...this.#sets.values()].every((set) => set.size === 0);
  }

  clear() {
    this.#sets.clear();
  }
}
