import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";

export interface DeletionQuestionProps {
  onConfirm: () => void;
  onCancel: () => void;
  /** The question, with the consequences. */
  children: ReactNode;
}

/** Asks before a deletion, in place. The focus starts on Cancel. */
export function DeletionQuestion({ onConfirm, onCancel, children }: DeletionQuestionProps) {
  return (
    <div role="alert" className="grid gap-3 rounded-md border p-3 text-sm">
      <p className="min-w-0 break-words">{children}</p>
      <div className="flex justify-end gap-2">
        <Button autoFocus variant="ghost" size="sm" onClick={onCancel}>
          Cancel
        </Button>
        <Button variant="destructive" size="sm" onClick={onConfirm}>
          Delete
        </Button>
      </div>
    </div>
  );
}
