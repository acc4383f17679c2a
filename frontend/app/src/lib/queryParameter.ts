/** Returns a parameter of the page's address and removes it there, so that a reload doesn't repeat it. */
export function takeQueryParameter(name: string): string | null {
  const url = new URL(window.location.href);
  const value = url.searchParams.get(name);
  if (value === null) return null;
  url.searchParams.delete(name);
  window.history.replaceState(window.history.state, "", url);
  return value;
}
