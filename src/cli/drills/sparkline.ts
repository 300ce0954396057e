/** One character per value, as high as it is in comparison with `most`; a space where there is none. `bars` as in a theme. */
export function sparkline(values: readonly (number | null)[], { most, bars }: { most: number; bars: string }): string {
  return values
    .map((value) => {
      if (value === null) return " ";
      const level = most <= 0 ? 0 : Math.ceil((value / most) * bars.length) - 1;
      return bars.charAt(Math.min(Math.max(level, 0), bars.length - 1));
    })
    .join("");
}
