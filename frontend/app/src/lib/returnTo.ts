import { tabStorage } from "@/lib/tabStorage";

const KEY = "todochat.return-to";
const HOME = "/";
const AUTH_PAGES = new Set(["/login", "/register"]);

/** Tells whether a page is only for signed-out users: sign-in and sign-up. */
export function isAuthPage(pathname: string): boolean {
  return AUTH_PAGES.has(pathname.length > 1 ? pathname.replace(/\/$/, "") : pathname);
}

/** Stores the page that was requested before sign-in. */
export function rememberPage(page: string): void {
  tabStorage()?.setItem(KEY, page);
}

/** Removes the stored page, as after signing out by choice. */
export function forgetPage(): void {
  tabStorage()?.removeItem(KEY);
}

/** Returns the page to show after sign-in: always a path of this site, never another site's URL. */
export function requestedPage(): string {
  const page = tabStorage()?.getItem(KEY) ?? HOME;
  const isOwnPath = page.startsWith("/") && !page.startsWith("//") && !page.includes("\\");
  return isOwnPath && !isAuthPage(page.split(/[?#]/)[0] ?? "") ? page : HOME;
}

/** Tells whether a page shows a user's data; unknown paths don't, they show "not found". */
export function needsSignIn(pathname: string): boolean {
  return /^\/($|chat(\/|$)|seed\/)/.test(pathname);
}
