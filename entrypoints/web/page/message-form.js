// What a room takes as a message, read out of the JSON Schema with which it describes itself.

const MESSAGE = "message";
/** What the page can fill in. */
const KNOWN = ["text", "username"];

/** Where nothing is said about it: a text, a name, and the server judges. */
export const ANY_FORM = { canSay: true, hasName: true, limit: undefined };

/** By which of these names of definitions a message goes: its own, or the pattern that says most of it. */
export function definitionOf(names) {
  const fits = (name) => name === MESSAGE || (name.endsWith("*") && MESSAGE.startsWith(name.slice(0, -1)));
  return names.includes(MESSAGE) ? MESSAGE : names.filter(fits).sort((a, b) => b.length - a.length)[0];
}

export async function formOf(client, roomId) {
  try {
    const definitions = await client.getDefinitions(roomId);
    const wanted = definitionOf(definitions.map(({ name }) => name));
    return formIn(definitions.find(({ name }) => name === wanted)?.schema);
  } catch {
    return ANY_FORM; // an older server, or none at this moment
  }
}

function formIn(schema) {
  const fields = schema?.properties;
  if (!fields) return schema === undefined || schema.type === "object" ? ANY_FORM : { ...ANY_FORM, canSay: false };
  const { text, username } = fields;
  const needsMore = (schema.required ?? []).some((name) => !KNOWN.includes(name));
  return {
    canSay: isText(text) && !needsMore,
    hasName: username !== undefined || schema.additionalProperties === true,
    limit: text?.maxLength,
  };
}

const isText = (field) => field !== undefined && (field.type === undefined || field.type === "string");
