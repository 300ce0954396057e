import type { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Deployment } from "../../inventory/model.ts";

/** A file of what was rendered. Secrets never stand in it: it names variables or files that hold them. */
export interface KindFile {
  /** Below the folder that is rendered into, such as `rules/redis.yml`. */
  readonly path: string;
  readonly text: string;
  /** A script; other files are 0644. */
  readonly executable?: true;
}

export interface Rendering {
  readonly files: readonly KindFile[];
  /** What is to be done with them, and what is left open. */
  readonly notes: readonly string[];
}

/** What `--set` takes: values are text, and are made of it what they are. */
export type Options = z.ZodObject;

/** Something around a deployment that is rendered from its declaration. */
export interface RenderKind<O extends Options> {
  /** As it is typed: `redisha render haproxy`. */
  readonly name: string;
  readonly title: string;
  /** What files there are; `NAME` stands for the deployment. */
  readonly files: readonly string[];
  /** Each with a description, and a default unless it may be left out. Keys are snake_case. */
  readonly options: O;
  /** What to type where the files are, to have them checked by the program that they are for. */
  readonly check: readonly string[];
  render(deployment: Deployment, options: z.output<O>): Rendering | Promise<Rendering>;
}

/** A kind whose options are still text. */
export interface AnyKind extends Omit<RenderKind<Options>, "render"> {
  /** Fails with RENDER_OPTION (exit 2) where `given` is not what the options are. */
  render(deployment: Deployment, given: Readonly<Record<string, string>>): Promise<Rendering>;
}

export function defineKind<O extends Options>(kind: RenderKind<O>): AnyKind {
  return {
    ...kind,
    async render(deployment, given) {
      const parsed = kind.options.safeParse(given);
      if (parsed.success) return kind.render(deployment, parsed.data);
      const known = Object.keys(kind.options.shape);
      const problems = parsed.error.issues.map(({ path, code, message }) =>
        code === "unrecognized_keys" ? message : `${path.join(".")}: ${message}`,
      );
      throw new RedishaError({
        code: "RENDER_OPTION",
        message: `${kind.name} cannot be rendered so: ${problems.join("; ")}`,
        exit: EXIT.usage,
        state: "nothing was written",
        next: [
          known.length > 0 ? `--set takes ${known.join(", ")}` : `${kind.name} takes no --set`,
          "redisha render --list",
        ],
      });
    },
  };
}

/** What redisha.yaml would have to say; `next` is what to write there, or to type. */
export function unrenderable(message: string, next: readonly string[]): RedishaError {
  return new RedishaError({
    code: "RENDER_UNDECLARED",
    message,
    exit: EXIT.usage,
    state: "nothing was written",
    next,
  });
}
