/** Any JSON value: what an event's data can be. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** One thing that happened in a room. */
export interface DialogueEvent<Data = any> {
  /** The event's name. */
  event: string;
  roomId: string;
  /** The payload, as the event's schema gave it back; `null` in a redacted event. */
  data: Data;
  /** The user id of the sender, as the server knows it. */
  from: string;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
  /** The event's place in its room, without holes over all names with history. An event without history has none. */
  seq?: number;
  /** The sender's own extra object. */
  meta?: { [key: string]: JsonValue };
  /** The payload was taken away by a redaction. */
  redacted?: true;
}

/** The ancestor's name for an event. */
export type EventMessage<Data = any> = DialogueEvent<Data>;

/** A place in one life of a room's history. */
export interface Position {
  /** Names the life: it changes when the history cannot be continued. */
  epoch: string;
  seq: number;
}

/** What a trigger is answered with, once the event is kept. */
export interface Triggered {
  roomId: string;
  event: string;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
  /** Left out for an event without history. */
  seq?: number;
  /** The key had been used: `seq` and `timestamp` are those of the event that was kept then, and nothing new was. */
  duplicate?: true;
}

/** One event of a batch; each must have history. */
export interface NewEvent<Data = any> {
  event: string;
  data: Data;
  meta?: { [key: string]: JsonValue };
}

/** What a batch is answered with, once all its events are kept. */
export interface TriggeredBatch {
  roomId: string;
  /** Milliseconds since the Unix epoch, the same for all. */
  timestamp: number;
  /** The places of the events, in their order: each is one larger than the one before. */
  seqs: number[];
  /** The batch had been kept before, under the same key. */
  duplicate?: true;
}

/** A user in a room with presence, and how many sessions the user has there. */
export interface Member {
  userId: string;
  sessions: number;
}

export interface TriggerOptions {
  meta?: { [key: string]: JsonValue };
  /**
   * 1 to 64 characters that name this one event of this user in the room: however often it is triggered, it is kept once.
   * Default: a random one, where the event has history. `null`: none, and then a lost connection is an error at once.
   */
  key?: string | null;
}

/** How far the user has read a room, over all of the user's sessions. */
export interface ReadMark {
  /** All up to here is read. */
  seq: number;
  /** How many events of others came after it. */
  unread: number;
}

/** The `data` of the event `dialogue.redacted`. */
export interface Redaction {
  /** The event whose payload was taken away. */
  seq: number;
  /** The user who did it. */
  by?: string;
}

/** The `details` of a `DialogueError` with which `trigger` is rejected where no server has answered. */
export interface TriggerFailure {
  /** `false`: the event was not kept and never will be. `true`: that is not known. */
  wasSent: boolean;
  /** Given to `trigger` again with the same event, data and meta, the event is kept once all the same. */
  key?: string;
}

/** A room as it stands in a list. */
export interface RoomInfo {
  id: string;
  name: string;
  description?: string;
  /** How many sessions, that is connections, are in it. */
  size: number;
  /** How many users they are; left out where the server does not tell. */
  users?: number;
  maxSize?: number;
  /** The user who made it at run time. */
  createdById?: string;
  /** How many events of others came after the user's read mark; left out where the server keeps none for it. */
  unread?: number;
}

/** An event that a room allows. */
export interface EventDefinition {
  name: string;
  /** Whether such events are kept. */
  hasHistory: boolean;
  /** What `data` has to be, as JSON Schema; left out where any JSON is taken. */
  schema?: { [keyword: string]: JsonValue };
}

/** How many are in a room at this moment. */
export interface RoomSize {
  /** Sessions, that is connections. */
  size: number;
  /** Users; left out where the server does not tell. */
  users?: number;
}

/** A room to be made at run time. */
export interface NewRoom {
  /** 1 to 255 printable characters, without spaces at the ends. */
  id: string;
  name: string;
  description?: string;
  maxSize?: number;
  /** Names of the event definitions that the application offers for such rooms; default: all of them. */
  events?: string[];
}

/** Which form of page is wanted: exactly one of these, or `limit` alone for the newest events. */
export type PageForm =
  | {}
  /** The newest events with a smaller seq. */
  | { before: number }
  /** The oldest events with a larger seq. `after: 0` is the beginning of the room. */
  | { after: number }
  /** About half older and half newer, the one at this seq included. */
  | { around: number }
  /** Like `before` the first event of that time (in ms) or later. */
  | { beforeTime: number }
  /** Like `after` the first event of that time (in ms) or later. */
  | { afterTime: number }
  /** Counted from the newest event of `event`; `end` is exclusive. With `anchor`, from the newest with seq ≤ anchor. */
  | { event: string; start: number; end: number; anchor?: number };

export type PageQuery = PageForm & {
  /** One event name; without it all names with history, merged by seq. */
  event?: string;
  /** 1 to 1,000, default 50. Not together with `start` and `end`. */
  limit?: number;
  /** Refuses the page with `POSITION_UNKNOWN` if the room has begun another life. */
  epoch?: string;
};

/** A contiguous run of history. */
export interface Page<Data = any> {
  /** Newest first, whatever the form. */
  events: DialogueEvent<Data>[];
  /** Whether there are more in the direction asked: older; newer for `after` and `afterTime`. */
  hasMore: boolean;
  /** For `around`: whether there are newer ones. */
  hasMoreAfter?: boolean;
  epoch: string;
}

/** What a server says to refuse a request, and what the client says where no server can. */
export type ErrorCode =
  | "UNAUTHENTICATED"
  | "ROOM_NOT_FOUND"
  | "ROOM_FULL"
  | "ROOM_EXISTS"
  | "JOIN_DENIED"
  | "NOT_JOINED"
  | "FORBIDDEN"
  | "EVENT_NOT_ALLOWED"
  | "INVALID_EVENT"
  | "INVALID_REQUEST"
  | "EVENT_REJECTED"
  | "POSITION_UNKNOWN"
  | "RATE_LIMITED"
  | "UNAVAILABLE"
  /** The connection was lost, or is not there. Whether the request had its effect is not known. */
  | "DISCONNECTED"
  /** No answer within `requestTimeoutMs`. Whether the request had its effect is not known. */
  | "TIMEOUT"
  /** The server closed the connection for good (`details.closeCode`: 4403). */
  | "CLOSED"
  /** More bytes than the server takes in one frame (`details`: `size`, `maxFrame`): it was not kept and never will be. */
  | "FRAME_TOO_LARGE"
  /** As many triggers as the client keeps (1,000 a room) wait for the connection; this one was not sent. */
  | "QUEUE_FULL"
  /** The `auth` function threw; it will be called again. */
  | "AUTH_FAILED"
  /** A handler of the application threw; `cause` is what it threw. */
  | "HANDLER_FAILED"
  /** The server sent what cannot be read. */
  | "INVALID_FRAME"
  | "INVALID_URL"
  // Servers may say more.
  | (string & {});

/** What every failed promise of the client is rejected with. */
export class DialogueError extends Error {
  constructor(code: ErrorCode, message: string, details?: unknown, options?: { cause?: unknown });
  readonly name: string;
  readonly code: ErrorCode;
  /** What the server added: paths of an invalid payload, the valid range of a position, `retryAfterMs`. */
  readonly details?: any;
}

/** What is sent to the server's authenticator. */
export interface Auth {
  /** Under the trusting authenticator of development: who one is. */
  userId?: string;
  /** A token or an API key; or a function that fetches one, called at each connect and before the token runs out. */
  token?: string | (() => string | Promise<string>);
  [field: string]: unknown;
}

/** The part of the browser's `WebSocket` that the client uses. */
export interface WebSocketLike {
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export interface DialogueClientOptions {
  /** `ws:`, `wss:`, `http:` or `https:`; without a path it gets `/ws`. In a browser it may be relative to the page. */
  url: string | URL;
  /**
   * An object, or a function that gives one and may be async: a place to fetch a fresh token. It is called at each connect, and
   * again before the token runs out, so that the connection goes on.
   */
  auth?: Auth | (() => Auth | Promise<Auth>);
  reconnect?: {
    /** The first attempt comes after a random time up to this; each next one up to twice as long. Default 500. */
    minDelayMs?: number;
    /** The back-off grows no further than this. Default 30,000. */
    maxDelayMs?: number;
  };
  /** How long a request waits for its answer, and an attempt to connect for its success. Default 10,000. */
  requestTimeoutMs?: number;
  /** Another implementation than the global one, as in Node before version 22. */
  WebSocket?: new (url: string, protocols?: string | string[]) => WebSocketLike;
}

/** `idle` before the first `connect()`; `closed` after `disconnect()` or a refusal, until the next `connect()`. */
export type ConnectionState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";

/** Takes a handler away again. */
export type Unsubscribe = () => void;

/** Handlers may be async. What they throw goes to `onError` and harms nobody else. */
export type EventHandler<Data = any> = (event: DialogueEvent<Data>) => unknown;

/** What is known about a sync beyond its events. */
export interface SyncInfo {
  /** Every event with a larger seq comes live; all others are in the history, or older than it. */
  position: Position;
  /** Whether there are events older than the history. */
  hasMore: boolean;
  /** `false` where the client came back and the server could not continue; left out where it joined anew. */
  recovered?: boolean;
}

export interface RecoveryInfo extends SyncInfo {
  recovered: boolean;
  /** How many events, redactions included, were missed and go to the handlers next. 0 where nothing could be recovered. */
  count: number;
}

/** A joined room. The object stays the same over reconnects, until the room is left. */
export interface Room {
  readonly id: string;
  readonly name: string;
  /** How far this client has come: the cursor that it comes back with. */
  readonly position: Position;
  /** What the client receives: names of events, and in a room with patterns these, as in `"sensor.*"`. */
  readonly events: string[];
  /** Whether it is joined at this moment; `false` while the client is reconnecting, and after it was left. */
  readonly isJoined: boolean;

  /** Live events and recovered ones, in the room's order, each once. `event` may end with `*`: all that begin so. */
  on<Data = any>(event: string, handler: EventHandler<Data>): Unsubscribe;
  /** As `on`, for events of every name. */
  onAny(handler: EventHandler): Unsubscribe;
  /**
   * The payload of the event `seq` was taken away: what is shown of it should go too. Called whatever is subscribed to, live
   * and in recoveries. It is `on("dialogue.redacted", …)` with the seq read out, and `off("dialogue.redacted")` ends it too.
   */
  onRedacted(handler: (seq: number, event: DialogueEvent<Redaction>) => unknown): Unsubscribe;
  /**
   * A user's first session came into the room, on whichever node. A room with presence tells it; nobody is told of himself.
   * What is told between two connections is missed: list the members again after each `onHistory`.
   */
  onMemberJoined(handler: (userId: string) => unknown): Unsubscribe;
  /** A user's last session has left the room. */
  onMemberLeft(handler: (userId: string) => unknown): Unsubscribe;
  /** Who is in the room. Rejected with `FORBIDDEN` where the room has no presence, or more than 1,000 users are in it. */
  listMembers(): Promise<Member[]>;
  /** Takes away one handler of an event, or all of them. */
  off(event: string, handler?: EventHandler): void;

  /**
   * Publishes an event. The promise is fulfilled when the server has kept it. A client receives its own events through
   * `on` as everyone does, before or after the promise is fulfilled.
   *
   * An event with history carries a key. Where the connection is lost before the answer, it is sent again when the client is
   * back in the room, in the order of the calls and within `requestTimeoutMs`, and kept once; what is triggered between two
   * connections waits with it. The promise is rejected with `DISCONNECTED`, `TIMEOUT`, `QUEUE_FULL` or `NOT_JOINED`, and
   * `details` of the type `TriggerFailure`, where no answer can be had. `UNAVAILABLE` means: not kept, and never will be.
   */
  trigger<Data = any>(event: string, data: Data, options?: TriggerOptions): Promise<Triggered>;

  /** Publishes 1 to 100 events with history: all are kept, one behind the other, or none. The `key` is for all of them. */
  triggerMany(events: readonly NewEvent[], options?: Pick<TriggerOptions, "key">): Promise<TriggeredBatch>;

  /**
   * Takes away the payload of an event, for everyone and for good, where the user may: usually the event's author. It is an HTTP
   * call beside the WebSocket (`DELETE …/rooms/{roomId}/events/{seq}`), as the user that the client is, or with `auth.token`.
   */
  redact(seq: number): Promise<void>;
  /** Says that the user has read the room up to `seq`; default: all that this client has received. */
  markRead(seq?: number): Promise<ReadMark>;

  /**
   * A page of history, newest first, counted from the newest event: `end` is exclusive, and `end - start` at most 1,000.
   * For a subscribed event `start > 0` counts from the newest event that this client has received, so that events which
   * arrive meanwhile do not shift the pages of an application that counts what it shows.
   */
  getHistory<Data = any>(event: string, start: number, end: number): Promise<DialogueEvent<Data>[]>;
  /** A page of history in any form, with whether there is more. Pages never move the room's cursor. */
  getPage<Data = any>(query?: PageQuery): Promise<Page<Data>>;

  /** Receives these events too, from now on. `"*"` is all. Gives all that the client now receives. */
  subscribe(events: string | string[]): Promise<string[]>;
  /**
   * Does not receive these events any more. Gives all that the client now receives. A name that comes by a pattern goes with
   * it alone: it is rejected with `INVALID_REQUEST`.
   */
  unsubscribe(events: string | string[]): Promise<string[]>;
  /** Goes out, and takes all handlers of the room away. */
  leave(): Promise<void>;
}

export interface DialogueClient {
  readonly state: ConnectionState;
  /** The address that is connected to. */
  readonly url: string;
  /** Given by the server at the last connect. */
  readonly clientId: string | undefined;
  /** Who one is, as the server knows it. */
  readonly userId: string | undefined;
  /** The rooms that the client is in, or on its way back to. */
  readonly rooms: Room[];
  room(roomId: string): Room | undefined;

  /**
   * Connects, and from then on reconnects by itself. The promise is fulfilled at the first success, however many attempts
   * it takes, and rejected with `UNAUTHENTICATED`, with `INVALID_REQUEST` where `auth` holds what can be no user's, when the
   * server does not want the client (close code 4403), or when `disconnect()` is called.
   */
  connect(): Promise<{ clientId: string; userId: string }>;
  /**
   * Ends the connection. Where `connect()` is called again, the client comes back into its rooms as after a connection that was
   * lost: `onRecovered` says how, and their handlers are still there.
   */
  disconnect(): void;

  /**
   * Joins a room. While the client is reconnecting it waits; without a connection at all it is rejected. The newest events
   * go to `onHistory`, without those that handlers of this room have had already.
   * @param options.events the subscriptions to begin with; default: as the room has it.
   */
  join(roomId: string, options?: { events?: string[] }): Promise<Room>;

  /** The rooms that the client may see, a page at a time. */
  listRooms(options?: { limit?: number; cursor?: string }): Promise<{ rooms: RoomInfo[]; mayCreate: boolean; cursor?: string }>;
  /** What may happen in a room, joined or not: an HTTP call beside the WebSocket. */
  getDefinitions(roomId: string): Promise<EventDefinition[]>;
  /** A page of a room that need not be joined, in any form: an HTTP call beside the WebSocket, as the same user. */
  getPage<Data = any>(roomId: string, query?: PageQuery): Promise<Page<Data>>;
  createRoom(room: NewRoom): Promise<RoomInfo>;
  deleteRoom(roomId: string): Promise<void>;

  /**
   * The newest events of a room, newest first: once for each `join`, and again (after `onRecovered` said `false`) where
   * the client came back and has to start over with the room.
   */
  onHistory(handler: (roomId: string, events: DialogueEvent[], info: SyncInfo) => unknown): Unsubscribe;
  /**
   * The client is back in a room. `true`: all that it missed goes to the `on` handlers next, oldest first. `false`: what was
   * shown of this room is to be replaced by what `onHistory` gives next.
   */
  onRecovered(handler: (roomId: string, recovered: boolean, info: RecoveryInfo) => unknown): Unsubscribe;
  onConnect(
    handler: (info: { clientId: string; userId: string; reconnected: boolean }) => unknown,
  ): Unsubscribe;
  /** A connection that stood was lost. `code` is the close code, or 0 where there was none. */
  onDisconnect(
    handler: (info: { code: number; reason: string; willReconnect: boolean }) => unknown,
  ): Unsubscribe;
  onStateChange(handler: (state: ConnectionState) => unknown): Unsubscribe;
  /** Errors that no promise carries. Without a handler they go to the console. */
  onError(handler: (error: DialogueError) => unknown): Unsubscribe;
  /** The client is in a room that it was not in: because it asked, or because the server put it there. */
  onJoined(handler: (room: Room) => unknown): Unsubscribe;
  /** The client is out of a room: it left, the room was deleted, or the server took it out and may say why. */
  onLeft(handler: (roomId: string, reason?: string) => unknown): Unsubscribe;
  /** Another session of the same user has marked a room as read, joined here or not. */
  onMarked(handler: (roomId: string, mark: ReadMark) => unknown): Unsubscribe;
  /** Others came into a room that is joined, or went out of it. */
  onRoomSize(handler: (roomId: string, size: RoomSize) => unknown): Unsubscribe;
  /** A room was made, by this client or by another. */
  onRoomCreated(handler: (room: RoomInfo) => unknown): Unsubscribe;
  /** A room was deleted, by this client or by another. */
  onRoomDeleted(handler: (roomId: string) => unknown): Unsubscribe;
}

export function createDialogueClient(options: DialogueClientOptions): DialogueClient;
