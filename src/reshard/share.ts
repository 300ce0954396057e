/**
 * Shares `total` out in proportion to weights, in whole parts that add up to it exactly. What rounding leaves over goes to the
 * largest fractions; among equal ones to who is preferred more, then to the first: the same input gives the same shares.
 */
export function share(total: number, weights: readonly number[], preference: readonly number[] = []): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  if (sum <= 0) return weights.map(() => 0);
  const exact = weights.map((weight) => (total * weight) / sum);
  const shares = exact.map(Math.floor);
  const left = total - shares.reduce((all, part) => all + part, 0);
  const fraction = (index: number) => Math.round(((exact[index] ?? 0) - (shares[index] ?? 0)) * 1e9);
  const order = weights
    .map((_, index) => index)
    .filter((index) => (weights[index] ?? 0) > 0)
    .sort((a, b) => fraction(b) - fraction(a) || (preference[b] ?? 0) - (preference[a] ?? 0) || a - b);
  for (const index of order.slice(0, left)) shares[index] = (shares[index] ?? 0) + 1;
  return shares;
}
