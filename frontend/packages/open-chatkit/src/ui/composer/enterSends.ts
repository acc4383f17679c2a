/** Returns whether Enter sends; on a phone's keyboard it inserts a new line. */
export function enterSends(): boolean {
  return !matchMedia("(hover: none) and (pointer: coarse)").matches;
}
