// One connection, from its opening to its end.

export class Connection {
  socket = null;
  auth = {};
  isReady = false;
  openedAt = 0;
  lastHeardAt = 0;
  pending = new Map();
  timers = new Set();
  inbox = [];
  inboxIsHeld = false;
}
