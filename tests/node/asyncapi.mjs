// Reads an AsyncAPI document from standard input, and says what the real parser finds wrong with it, as JSON.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const found = diagnostics.map(({ code, message, path, severity }) => ({ code, message, path, severity }));
const operations = document ? document.operations().all().map((each) => [each.id(), each.action()]) : [];
console.log(JSON.stringify({ accepted: document !== undefined, found, operations }));
