import type { Metadata } from "next";
import { SignInLink } from "@/components/auth/SignInLink";

export const metadata: Metadata = { title: "Sign in with a link" };

export default function SignInLinkPage() {
  return <SignInLink />;
}
