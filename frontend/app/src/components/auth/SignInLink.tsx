"use client";

import Link from "next/link";
import { useRouter } from "next/navigation";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { AuthCard } from "@/components/auth/AuthCard";
import { Button, buttonVariants } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import { ApiError, messageOf } from "@/lib/problem";
import { useAuthStore } from "@/stores/authStore";

/**
 * Redeems a one-time link. Its token follows the `#` of the URL, which browsers never send. Only this
 * page's script redeems it, so that a preview of the URL doesn't.
 */
export function SignInLink() {
  const user = useAuthStore((state) => state.user);
  const signInWithLink = useAuthStore((state) => state.signInWithLink);
  const router = useRouter();
  const [token, setToken] = useState(tokenInUrl);
  const [error, setError] = useState<unknown>(null);
  const [hasRedeemed, setHasRedeemed] = useState(false);
  // A ref, since React runs effects twice in development and a link works once.
  const redeemedToken = useRef("");

  const redeem = useCallback(async () => {
    redeemedToken.current = token;
    setHasRedeemed(true);
    setError(null);
    try {
      await signInWithLink(token);
      router.replace("/chat");
    } catch (failure) {
      setError(failure);
    }
  }, [token, signInWithLink, router]);

  useEffect(() => {
    const readToken = () => {
      const found = tokenInUrl();
      if (!found) return;
      // Remove it from the history and from the URL that users copy.
      window.history.replaceState(null, "", window.location.pathname);
      setToken(found);
      setHasRedeemed(false);
      setError(null);
    };
    readToken();
    window.addEventListener("hashchange", readToken);
    return () => window.removeEventListener("hashchange", readToken);
  }, []);

  useEffect(() => {
    // A signed-in user must confirm the change of accounts.
    if (token && !user && token !== redeemedToken.current) void redeem();
  }, [token, user, redeem]);

  if (!token || (error instanceof ApiError && error.status === 401)) {
    return (
      <Card title="This link no longer works" lead="Each link works once, within ten minutes.">
        <Notice tone="error">
          {token ? messageOf(error) : "This address contains no sign-in link."}
        </Notice>
        <p className="text-sm">
          Create a new link: <code className="font-mono">todochat chat --link</code>
        </p>
      </Card>
    );
  }
  if (error) {
    return (
      <Card title="Sign-in failed" lead="You can still use the link.">
        <Notice tone="error">{messageOf(error)}</Notice>
        <Button size="lg" onClick={() => void redeem()}>
          Try again
        </Button>
      </Card>
    );
  }
  if (user && !hasRedeemed) {
    return (
      <Card
        title="Sign in with this link?"
        lead={`This browser is signed in as ${user.email ?? user.name ?? user.id}. The link may belong to another account.`}
        footer="Use only a link that you created yourself with todochat chat."
      >
        <Button size="lg" onClick={() => void redeem()}>
          Sign in with the link
        </Button>
        <Link href="/chat" className={buttonVariants({ variant: "outline", size: "lg" })}>
          Stay signed in
        </Link>
      </Card>
    );
  }
  return (
    <Card title="Signing you in…" lead="This takes a moment.">
      {null}
    </Card>
  );
}

function Card(props: { title: string; lead: string; children: ReactNode; footer?: ReactNode }) {
  const passwordLink = (
    <>
      Have a password?{" "}
      <Link href="/login" className="font-medium text-primary underline underline-offset-4">
        Sign in
      </Link>
    </>
  );
  return <AuthCard {...props} footer={props.footer ?? passwordLink} />;
}

function tokenInUrl(): string {
  return window.location.hash.slice(1);
}
