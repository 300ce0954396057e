/** The part of a long sweep that REDISHA_SOAK_PART=2/8 asks for; all of it where nothing is asked for. */
export function soakPart(env: NodeJS.ProcessEnv = process.env): { index: number; of: number } {
  const [, which = "1", of = "1"] = /^(\d+)\/(\d+)$/.exec(env.REDISHA_SOAK_PART ?? "1/1") ?? [];
  if (Number(which) < 1 || Number(which) > Number(of)) throw new Error(`no part ${which} of ${of}`);
  return { index: Number(which) - 1, of: Number(of) };
}
