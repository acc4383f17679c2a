const KEY = "todochat.return-to";
const HOME = "/";
const OPEN_PAGES = new Set(["/login", "/register"]);

/** Whether a page is for people who are not signed in. */
export function isOpenPage(pathname: string): boolean {
  return OPEN_PAGES.has(stripSlash(pathname));
}

/** Remembers the page that somebody asked for before signing in. */
export function rememberPage(page: string): void {
  storage()?.setItem(KEY, page);
}

/** Forgets it, as when somebody signs out by choice. */
export function forgetPage(): void {
  storage()?.removeItem(KEY);
}

/** The page to show after signing in: a path of this site, never another site's address. */
export function pageAskedFor(): string {
  const page = storage()?.getItem(KEY) ?? HOME;
  const isOwnPath = page.startsWith("/") && !page.startsWith("//") && !page.includes("\\");
  return isOwnPath && !isOpenPage(page.split(/[?#]/)[0] ?? "") ? page : HOME;
}

function stripSlash(pathname: string): string {
  return pathname.length > 1 ? pathname.replace(/\/$/, "") : pathname;
}

/** Null where the browser forbids storage. */
function storage(): Storage | null {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}

/** Whether a page shows a person's own things; unknown addresses don't, they say "not found". */
export function needsSignIn(pathname: string): boolean {
  return /^\/($|chat(\/|$)|seed\/)/.test(pathname);
}
