/** The chat's state as signals. Written by the core, read by views, except `revealsGradually`. */

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { type ItemsState, NO_ITEMS } from "./reducer";
import type {
  ActiveRun,
  ChatError,
  Connection,
  FeedbackKind,
  Notice,
  PendingMessage,
  Progress,
  ThreadItem,
  ThreadMetadata,
} from "./types";

export class Store {
  readonly thread = signal<ThreadMetadata | null>(null);
  readonly threadId = signal<string | null>(null);
  readonly hasMore = signal(false);
  readonly isLoadingMore = signal(false);
  readonly isLoading = signal(false);
  readonly activeRun = signal<ActiveRun | null>(null);
  readonly isStopping = signal(false);
  readonly pending = signal<PendingMessage | null>(null);
  readonly progress = signal<Progress | null>(null);
  readonly runningTools = signal<readonly string[]>([]);
  readonly error = signal<ChatError | null>(null);
  readonly notices = signal<readonly Notice[]>([]);
  readonly connection = signal<Connection>("online");
  readonly feedbackGiven = signal<ReadonlyMap<string, FeedbackKind>>(new Map());
  /** IDs of the items after which a response was stopped. */
  readonly stoppedAfter = signal<ReadonlySet<string>>(new Set());
  readonly interruptedAfter = signal<ReadonlySet<string>>(new Set());
  readonly revealsGradually = signal(false);

  private readonly state = signal<ItemsState>(NO_ITEMS);
  private readonly itemSignals = new Map<string, Signal<ThreadItem | undefined>>();
  private ids: readonly string[] = [];

  readonly items = computed(() => this.state.value.items);
  readonly openItemIds = computed(() => this.state.value.open);
  readonly itemIds = computed(() => this.stableIds(this.state.value.items));
  readonly isResponding = computed(
    () => this.activeRun.value !== null || this.runningTools.value.length > 0,
  );
  readonly canStop = computed(() => this.activeRun.value?.allowCancel === true);

  /** The cursor of the next page of older items. */
  olderCursor: string | null = null;

  get itemsState(): ItemsState {
    return this.state.peek();
  }

  /** Returns an item's signal, so that a token re-renders one message and not the list. */
  item(id: string): ReadonlySignal<ThreadItem | undefined> {
    const known = this.itemSignals.get(id);
    if (known !== undefined) return known;
    const created = signal(this.itemsState.items.findLast((item) => item.id === id));
    this.itemSignals.set(id, created);
    return created;
  }

  setItems(next: ItemsState): void {
    const before = this.itemsState.items;
    if (before === next.items && next.open === this.itemsState.open) return;
    batch(() => {
      this.state.value = next;
      if (before !== next.items) this.updateItemSignals(before, next.items);
    });
  }

  /** Resets the state for another thread, or for none. */
  reset(threadId: string | null): void {
    batch(() => {
      this.setItems(NO_ITEMS);
      this.itemSignals.clear();
      this.olderCursor = null;
      this.threadId.value = threadId;
      this.thread.value = null;
      this.hasMore.value = false;
      this.isLoadingMore.value = false;
      this.isLoading.value = false;
      this.activeRun.value = null;
      this.isStopping.value = false;
      this.pending.value = null;
      this.progress.value = null;
      this.runningTools.value = [];
      this.error.value = null;
      this.notices.value = [];
      this.connection.value = "online";
    });
  }

  private updateItemSignals(before: readonly ThreadItem[], after: readonly ThreadItem[]): void {
    let haveMoved = before.length !== after.length;
    for (const [index, item] of after.entries()) {
      const old = before[index];
      if (item === old) continue;
      haveMoved ||= item.id !== old?.id;
      const itemSignal = this.itemSignals.get(item.id);
      if (itemSignal !== undefined) itemSignal.value = item;
    }
    if (!haveMoved) return;
    const present = new Set(after.map((item) => item.id));
    for (const [id, itemSignal] of this.itemSignals) {
      if (!present.has(id)) itemSignal.value = undefined;
    }
  }

  private stableIds(items: readonly ThreadItem[]): readonly string[] {
    const isSame =
      items.length === this.ids.length && items.every((item, index) => item.id === this.ids[index]);
    if (!isSame) this.ids = items.map((item) => item.id);
    return this.ids;
  }
}
