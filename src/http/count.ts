/** What is wrong with the length of a list, or undefined. */
export function countProblem(count: number, min: number, max: number, noun: string): string | undefined {
  if (count < min) return `must have at least ${plural(min, noun)}; it has ${count}`;
  if (count > max) return `must have at most ${plural(max, noun)}; it has ${count.toLocaleString('en')}`;
  return undefined;
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
