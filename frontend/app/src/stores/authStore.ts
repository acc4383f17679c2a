import { create } from "zustand";
import {
  type NewAccount,
  postRefresh,
  postSignIn,
  postSignInLink,
  postSignOut,
  postSignUp,
} from "@/lib/authApi";
import { setCredentialSource } from "@/lib/authorizedHttp";
import { messageOf } from "@/lib/problem";
import { SessionKeeper, type SignedOutReason } from "@/lib/SessionKeeper";
import type { Session, User } from "@/lib/session";

/** `starting` until one refresh has been tried; pages are shown after that. */
export type AuthStatus = "starting" | "signed-in" | "signed-out" | "unreachable";

/** Who is signed in, and how that changes. */
export interface AuthState {
  user: User | null;
  /** The login token; renewed before it expires. */
  token: string | null;
  isAuthenticated: boolean;
  status: AuthStatus;
  /** Why nobody is signed in. */
  signedOutReason: SignedOutReason;
  /** Why the server couldn't be asked, with the status `unreachable`. */
  problem: string | null;
  /** Tries one refresh, at the start or again. */
  start: () => Promise<void>;
  signIn: (email: string, password: string) => Promise<void>;
  /** Signs in with a one-time link, perhaps in place of somebody else. */
  signInWithLink: (token: string) => Promise<void>;
  signUp: (account: NewAccount) => Promise<void>;
  signOut: () => Promise<void>;
  /** Forgets a session that the server has ended. */
  forget: (reason: SignedOutReason) => void;
  /** The account has been changed. */
  setUser: (user: User) => void;
}

const NOBODY = { user: null, token: null, isAuthenticated: false };

let keeper: SessionKeeper | null = null;
let expiresAt = 0;

/** The store that the pages read. */
export const useAuthStore = create<AuthState>()((set, get) => ({
  ...NOBODY,
  status: "starting",
  signedOutReason: "none",
  problem: null,

  start: async () => {
    set({ problem: null });
    try {
      await sessionKeeper().refresh();
    } catch (error) {
      if (!get().isAuthenticated) set({ status: "unreachable", problem: messageOf(error) });
    }
  },
  signIn: async (email, password) => {
    sessionKeeper().begin(await postSignIn(email, password));
  },
  signInWithLink: async (token) => {
    const session = await postSignInLink(token);
    // Whoever was signed in before is forgotten first, in the other tabs as well.
    if (get().isAuthenticated) sessionKeeper().end("chosen");
    sessionKeeper().begin(session);
  },
  signUp: async (account) => {
    sessionKeeper().begin(await postSignUp(account));
  },
  signOut: async () => {
    await postSignOut();
    sessionKeeper().end("chosen");
  },
  forget: (reason) => sessionKeeper().end(reason),
  setUser: (user) => {
    const { token } = get();
    if (token) sessionKeeper().update({ user, token, expiresAt });
  },
}));

/** The one keeper of this tab; made in the browser only. */
function sessionKeeper(): SessionKeeper {
  if (keeper) return keeper;
  keeper = new SessionKeeper({
    refresh: postRefresh,
    onSession: (session: Session) => {
      expiresAt = session.expiresAt;
      const before = useAuthStore.getState().user;
      useAuthStore.setState({
        // The same person keeps the same object: a new token redraws nothing that shows them.
        user: before && isSame(before, session.user) ? before : session.user,
        token: session.token,
        isAuthenticated: true,
        status: "signed-in",
        problem: null,
      });
    },
    onSignedOut: (reason) =>
      useAuthStore.setState({ ...NOBODY, status: "signed-out", signedOutReason: reason }),
  });
  keeper.watch();
  return keeper;
}

function isSame(one: User, other: User): boolean {
  const keys: (keyof User)[] = ["id", "email", "name", "timezone", "locale"];
  return keys.every((key) => one[key] === other[key]);
}

setCredentialSource({
  current: () => {
    const { user, token } = useAuthStore.getState();
    return { userId: user?.id ?? null, token };
  },
  renewToken: async (refused) => (await sessionKeeper().refresh(refused))?.token ?? null,
});
