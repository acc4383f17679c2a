/** Publishes the official events to listeners. */

import type { ChatEvent, JsonObject } from "./types";

export class Emitter {
  private readonly listeners = new Set<(event: ChatEvent) => void>();

  on(listener: (event: ChatEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(event: ChatEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }

  log(name: string, data: JsonObject = {}): void {
    this.emit({ type: "chatkit.log", detail: { name, data } });
  }

  error(error: unknown): void {
    const wrapped = error instanceof Error ? error : new Error(String(error));
    this.emit({ type: "chatkit.error", detail: { error: wrapped } });
  }
}
