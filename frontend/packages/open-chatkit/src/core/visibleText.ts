/** White space, control characters, joiners, fillers and the blank Braille pattern. */
const INVISIBLE = /^[\s\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb]*$/u;

/** Returns whether a text has a character that a reader sees. */
export function isVisible(text: string): boolean {
  return !INVISIBLE.test(text);
}
