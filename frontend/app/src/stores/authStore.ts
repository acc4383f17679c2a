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
import { switchPushOff } from "@/lib/devicePush";
import { messageOf } from "@/lib/problem";
import { SessionKeeper, type SignedOutReason } from "@/lib/SessionKeeper";
import type { Session, User } from "@/lib/session";

/** `starting` until the first refresh has been attempted; pages render after that. */
export type AuthStatus = "starting" | "signed-in" | "signed-out" | "unreachable";

/** The signed-in user and the actions of sign-in and sign-out. */
export interface AuthState {
  user: User | null;
  /** The login token; renewed before it expires. */
  token: string | null;
  isAuthenticated: boolean;
  status: AuthStatus;
  /** The reason for the status `signed-out`. */
  signedOutReason: SignedOutReason;
  /** The error text of the status `unreachable`. */
  problem: string | null;
  /** Restores the session from the refresh cookie. */
  restoreSession: () => Promise<void>;
  signIn: (email: string, password: string) => Promise<void>;
  /** Signs in with a one-time link; replaces the session of another user. */
  signInWithLink: (token: string) => Promise<void>;
  signUp: (account: NewAccount) => Promise<void>;
  signOut: () => Promise<void>;
  /** Clears a session that the server has ended. */
  clearSession: (reason: SignedOutReason) => void;
  /** Replaces the user after a change of the account. */
  setUser: (user: User) => void;
}

const SIGNED_OUT = { user: null, token: null, isAuthenticated: false };

let keeper: SessionKeeper | null = null;
let expiresAt = 0;

/** The store of the session. */
export const useAuthStore = create<AuthState>()((set, get) => ({
  ...SIGNED_OUT,
  status: "starting",
  signedOutReason: "none",
  problem: null,

  restoreSession: async () => {
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
    // First end the previous session, in the other tabs as well.
    if (get().isAuthenticated) sessionKeeper().end("chosen");
    sessionKeeper().begin(session);
  },
  signUp: async (account) => {
    sessionKeeper().begin(await postSignUp(account));
  },
  signOut: async () => {
    // The next user of this browser must not see the reminders of this user.
    await switchPushOff().catch(() => undefined);
    await postSignOut();
    sessionKeeper().end("chosen");
  },
  clearSession: (reason) => sessionKeeper().end(reason),
  setUser: (user) => {
    const { token } = get();
    if (token) sessionKeeper().begin({ user, token, expiresAt });
  },
}));

/** Returns the tab's keeper; creates it on first use, in the browser only. */
function sessionKeeper(): SessionKeeper {
  if (keeper) return keeper;
  keeper = new SessionKeeper({
    refresh: postRefresh,
    onSession: (session: Session) => {
      expiresAt = session.expiresAt;
      const previous = useAuthStore.getState().user;
      useAuthStore.setState({
        // An unchanged user keeps its identity, so that a new token causes no re-render.
        user: previous && isSame(previous, session.user) ? previous : session.user,
        token: session.token,
        isAuthenticated: true,
        status: "signed-in",
        problem: null,
      });
    },
    onSignedOut: (reason) =>
      useAuthStore.setState({ ...SIGNED_OUT, status: "signed-out", signedOutReason: reason }),
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
