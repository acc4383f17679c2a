import Link from "next/link";
import { Brand } from "@/components/layout/Brand";
import { buttonVariants } from "@/components/ui/button";

export default function NotFound() {
  return (
    <main className="grid min-h-dvh place-items-center px-6">
      <div className="grid max-w-sm justify-items-center gap-3 text-center">
        <Brand />
        <h1 className="mt-4 text-2xl font-semibold">Page not found</h1>
        <p className="text-sm text-muted-foreground">Check the address. The page may have moved.</p>
        <Link href="/" className={buttonVariants()}>
          Go to your tasks
        </Link>
      </div>
    </main>
  );
}
