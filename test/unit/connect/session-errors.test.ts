import { text } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SessionErrors } from "../../../src/connect/openssh/session-errors.ts";

const TOKEN = "redisha-0123456789abcdef";
const OPENED = "debug1: mux_client_request_session: master session id: 2\r\n";

/** What is left for the command of what came in these pieces. */
async function heard(...pieces: string[]) {
  const errors = new SessionErrors(TOKEN);
  for (const piece of pieces) errors.write(piece);
  errors.end();
  const said = await text(errors);
  return { said, opened: await errors.opened, ending: errors.ending, preamble: errors.preamble };
}

describe("standard error of a session by the ssh program", () => {
  test("is the command's from where ssh says that the session is open to the wrapper's last line", async () => {
    expect(await heard(OPENED, `${TOKEN} 7\nwords\n`, `${TOKEN} exit 3\n`)).toMatchObject({
      said: `${TOKEN} 7\nwords\n`,
      opened: true,
      ending: { code: 3, signal: null },
    });
  });

  test("is the command's also where the host was heard before ssh said so", async () => {
    const early = `sudo: a password is required\n${TOKEN} 7\n`;
    expect((await heard(early, OPENED, `words\n${TOKEN} exit 0\n`)).said).toBe(`${early}words\n`);
    expect((await heard(`${TOKEN} 7\n${TOKEN} exit 0\n`, OPENED)).ending).toEqual({ code: 0, signal: null });
    // The last line may have no end.
    expect((await heard(`${TOKEN} 7\nwords`, OPENED)).said).toBe(`${TOKEN} 7\nwords`);
  });

  test("has nothing of what ssh says itself", async () => {
    expect((await heard("debug1: auto-mux: Trying existing master\r\n", OPENED, "words\n")).said).toBe("words\n");
  });

  test("is not taken for a session where none was opened", async () => {
    const words = "mux_client_request_session: session request failed: Session open refused by peer\r\n";
    expect(await heard(words)).toMatchObject({ opened: false, ending: undefined, preamble: words });
  });

  test("is the same in whatever pieces it comes", async () => {
    const whole = `early\n${OPENED}${TOKEN} 7\nwords\n${TOKEN} exit 143\n`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(whole.length)), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, n) => whole.slice(at[n], end));
        expect(await heard(...pieces)).toMatchObject({
          said: `early\n${TOKEN} 7\nwords\n`,
          ending: { code: null, signal: "SIGTERM" },
        });
      }),
    );
  });
});
