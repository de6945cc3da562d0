// The client of a Dialogue server: ES modules, no build step. Its types and their documentation are in client.d.ts.

import { DialogueClient } from "./client/dialogue-client.js";

export { DialogueError } from "./client/errors.js";

export function createDialogueClient(options) {
  return new DialogueClient(options);
}
