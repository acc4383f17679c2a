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
 * Redeems a one-time link, whose token is in the address after the `#`: browsers send that part to
 * nobody. Only this page's script uses the link up, so a preview of the address doesn't.
 */
export function SignInLink() {
  const user = useAuthStore((state) => state.user);
  const signInWithLink = useAuthStore((state) => state.signInWithLink);
  const router = useRouter();
  const [token, setToken] = useState(tokenInAddress);
  const [error, setError] = useState<unknown>(null);
  const [isSent, setIsSent] = useState(false);
  // A ref, since React runs effects twice in development and the link works once.
  const sentToken = useRef("");

  const redeem = useCallback(async () => {
    sentToken.current = token;
    setIsSent(true);
    setError(null);
    try {
      await signInWithLink(token);
      router.replace("/chat");
    } catch (failure) {
      setError(failure);
    }
  }, [token, signInWithLink, router]);

  useEffect(() => {
    const takeToken = () => {
      const found = tokenInAddress();
      if (!found) return;
      // Neither the history nor a copied address keeps it.
      window.history.replaceState(null, "", window.location.pathname);
      setToken(found);
      setIsSent(false);
      setError(null);
    };
    takeToken();
    window.addEventListener("hashchange", takeToken);
    return () => window.removeEventListener("hashchange", takeToken);
  }, []);

  useEffect(() => {
    // Nobody who is signed in becomes somebody else without being asked.
    if (token && !user && token !== sentToken.current) void redeem();
  }, [token, user, redeem]);

  if (!token || (error instanceof ApiError && error.status === 401)) {
    return (
      <Card title="This link doesn't work any more" lead="It signs in once, within ten minutes.">
        <Notice tone="error">
          {token ? messageOf(error) : "There is no sign-in link in this address."}
        </Notice>
        <p className="text-sm">
          A new one: <code className="font-mono">todochat chat --link</code>
        </p>
      </Card>
    );
  }
  if (error) {
    return (
      <Card title="That didn't work" lead="The link can still be used.">
        <Notice tone="error">{messageOf(error)}</Notice>
        <Button size="lg" onClick={() => void redeem()}>
          Try again
        </Button>
      </Card>
    );
  }
  if (user && !isSent) {
    return (
      <Card
        title="Sign in with this link?"
        lead={`This browser is signed in as ${user.email ?? user.name ?? user.id}. The link may belong to another account.`}
        footer="Only use a link that you have made yourself, with todochat chat."
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
  const other = (
    <>
      Have a password?{" "}
      <Link href="/login" className="font-medium text-primary underline underline-offset-4">
        Sign in
      </Link>
    </>
  );
  return <AuthCard {...props} footer={props.footer ?? other} />;
}

function tokenInAddress(): string {
  return window.location.hash.slice(1);
}
