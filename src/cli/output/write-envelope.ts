import { scrubber } from "../../core/scrub.ts";
import type { Envelope } from "../envelope.ts";
import type { OutputFormat } from "../invocation.ts";
import type { TextStream } from "./streams.ts";

/** Prints an envelope as one document (json, yaml), or as one line of type `result` (jsonl). */
export async function writeEnvelope(envelope: Envelope, format: OutputFormat, stream: TextStream): Promise<void> {
  const data = scrubber.scrubData(envelope);
  if (format === "jsonl") stream.write(`${JSON.stringify({ type: "result", ...data })}\n`);
  else if (format === "yaml") stream.write(`---\n${await toYaml(data)}`);
  else stream.write(`${JSON.stringify(data, null, 2)}\n`);
}

/** YAML 1.2 without aliases: the same data written twice is written twice. */
async function toYaml(data: unknown): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(data, { aliasDuplicateObjects: false, lineWidth: 0 });
}
