import type { ReactNode } from "react";
import { Brand } from "@/components/layout/Brand";

export interface AuthCardProps {
  title: string;
  lead: string;
  children: ReactNode;
  /** A link to the other form. */
  footer: ReactNode;
}

/** The layout of sign-in and sign-up: the form and an illustration of the product. */
export function AuthCard({ title, lead, children, footer }: AuthCardProps) {
  return (
    <div className="grid min-h-dvh lg:grid-cols-[1fr_1.1fr]">
      <main className="flex flex-col px-5 py-8 sm:px-10">
        <Brand />
        <div className="mx-auto my-auto grid w-full max-w-sm gap-6 py-10">
          <div className="grid gap-1.5">
            <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
            <p className="text-sm text-muted-foreground">{lead}</p>
          </div>
          {children}
          <p className="text-sm text-muted-foreground">{footer}</p>
        </div>
      </main>
      <Showcase />
    </div>
  );
}

/** An illustration of chat and tasks, hidden from screen readers. */
function Showcase() {
  return (
    <aside
      aria-hidden
      className="hidden place-items-center border-l bg-linear-to-br from-primary/12 via-accent/60 to-background p-10 lg:grid"
    >
      <div className="grid w-full max-w-md gap-3 text-sm">
        <p className="ml-auto rounded-2xl rounded-br-sm bg-primary px-4 py-2.5 text-primary-foreground shadow-sm">
          add buy milk tomorrow at 5pm
        </p>
        <p className="mr-auto rounded-2xl rounded-bl-sm border bg-card px-4 py-2.5 shadow-sm">
          Added “buy milk”, due tomorrow at 17:00.
        </p>
        <div className="mt-4 grid gap-px overflow-hidden rounded-lg border bg-border shadow-sm">
          <ShowcaseTask title="Buy milk" due="Tomorrow 17:00" />
          <ShowcaseTask title="Call the landlord" due="Friday" />
          <ShowcaseTask title="Book the train" isDone />
        </div>
        <p className="mt-6 text-balance text-muted-foreground">
          Say it in the chat, see it in the list. Everything stays on your own machine.
        </p>
      </div>
    </aside>
  );
}

function ShowcaseTask(props: { title: string; due?: string; isDone?: boolean }) {
  return (
    <div className="flex items-center gap-3 bg-card px-4 py-3">
      <span
        className={
          props.isDone
            ? "h-4.5 w-4.5 rounded-full bg-primary"
            : "h-4.5 w-4.5 rounded-full border-2 border-input"
        }
      />
      <span className={props.isDone ? "text-muted-foreground line-through" : ""}>
        {props.title}
      </span>
      {props.due ? <span className="ml-auto text-xs text-primary">{props.due}</span> : null}
    </div>
  );
}
