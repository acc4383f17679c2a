/**
 * Returns whether a key belongs to an input method, as the Enter that accepts a conversion does.
 * Safari reports that one after the composition has ended; only its key code tells it apart.
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}
