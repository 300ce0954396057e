import { z } from "zod";
import { renderTemplate } from "../../template.ts";
import { type AnyKind, defineKind } from "../kind.ts";
import { clientFacts, clientNotes, clientOptions } from "./facts.ts";

interface Client {
  /** As it is typed, and the name of the library. */
  readonly name: string;
  readonly title: string;
  /** The file, and its template below `templates/clients` with `.eta` behind it. */
  readonly file: string;
  readonly check: readonly string[];
}

/** A client library that is set up to survive a failover, and a store of sessions made with it. */
export function defineClient({ name, title, file, check }: Client): AnyKind {
  return defineKind({
    ...{ name, title, check },
    files: [file],
    options: z.strictObject(clientOptions),
    render(deployment, options) {
      const facts = clientFacts(deployment, options);
      const text = renderTemplate(`clients/${file}.eta`, facts);
      return { files: [{ path: file, text }], notes: clientNotes(facts, options.endpoint) };
    },
  });
}
