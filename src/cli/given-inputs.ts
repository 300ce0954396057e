/** Values of flags as inputs of a runbook, as texts; what is not given is left to the runbook's own default. */
export function givenInputs(
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
