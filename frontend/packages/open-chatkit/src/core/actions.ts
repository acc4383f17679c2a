/** Actions of widgets and pages, and answers to what the assistant asks for. */

import type { Context } from "./context";
import { toChatError } from "./errors";
import { parseItem } from "./parse";
import { isObject } from "./readItem";
import { reduceItems } from "./reducer";
import { BusyError, type Turns } from "./turns";
import type {
  ActionConfig,
  CustomAction,
  FeedbackKind,
  StreamingRequest,
  StructuredInputSubmission,
} from "./types";

type OnAction = NonNullable<NonNullable<Context["options"]["widgets"]>["onAction"]>;
type OfficialWidgetItem = Parameters<OnAction>[1];

export class Actions {
  constructor(
    private readonly context: Context,
    private readonly turns: Turns,
  ) {}

  /** Does what a widget's control is configured to do. */
  async ofWidget(config: ActionConfig, itemId: string): Promise<void> {
    const { type, payload } = config;
    const action = payload == null ? { type } : { type, payload };
    if (config.handler !== "client") {
      await (config.streaming === false ? this.sync(action, itemId) : this.send(action, itemId));
      return;
    }
    const item = this.context.store.item(itemId).peek();
    const onAction = this.context.options.widgets?.onAction;
    if (item?.type !== "widget" || onAction === undefined) {
      this.context.emitter.log("action.unhandled", { type });
      return;
    }
    const shown = { id: item.id, widget: item.widget } as unknown as OfficialWidgetItem;
    await onAction(action, shown);
  }

  /** Sends an action to the server and follows the response. */
  async send(action: CustomAction, itemId?: string): Promise<void> {
    const threadId = this.openThread("action.ignored", action.type);
    if (threadId === null) return;
    const params = { thread_id: threadId, ...(itemId ? { item_id: itemId } : {}), action };
    await this.begin({ type: "threads.custom_action", params });
  }

  async answer(itemId: string, input: StructuredInputSubmission): Promise<void> {
    const threadId = this.openThread("answer.ignored", itemId);
    if (threadId === null) return;
    const params = { thread_id: threadId, item_id: itemId, input };
    await this.begin({ type: "threads.add_structured_input", params });
  }

  /** Answers a client tool call; allowed while its tool counts as running. */
  async submitToolResult(itemId: string, result: unknown): Promise<void> {
    const { session, store } = this.context;
    if (session.threadId === null) return;
    if (store.activeRun.peek() !== null) throw new BusyError("A response is under way.");
    const params = { thread_id: session.threadId, result };
    await this.turns.begin(session, { type: "threads.add_client_tool_output", params }, () => {
      // The stream doesn't report that the call is completed.
      const { items, open } = store.itemsState;
      const answered = items.map((item) =>
        item.id === itemId && item.type === "client_tool_call"
          ? { ...item, status: "completed" as const, output: result }
          : item,
      );
      store.setItems({ items: answered, open });
    });
  }

  /** Says what a person thinks of items; shown at once, taken back if the server refuses. */
  async feedback(itemIds: readonly string[], kind: FeedbackKind): Promise<void> {
    const { store, session, transport, emitter } = this.context;
    if (session.threadId === null) return;
    const before = store.feedbackGiven.peek();
    store.feedbackGiven.value = new Map([...before, ...itemIds.map((id) => [id, kind] as const)]);
    try {
      const params = { thread_id: session.threadId, item_ids: [...itemIds], kind };
      await transport.ask("items.feedback", params);
    } catch (error) {
      const given = new Map(store.feedbackGiven.peek());
      for (const id of itemIds) {
        const old = before.get(id);
        if (old === undefined) given.delete(id);
        else given.set(id, old);
      }
      store.feedbackGiven.value = given;
      emitter.error(error);
      throw error;
    }
  }

  /** Sends an action that is answered with one changed item; a response may be under way. */
  private async sync(action: CustomAction, itemId: string): Promise<void> {
    const { session, store, transport, emitter } = this.context;
    if (session.threadId === null) return;
    const params = { thread_id: session.threadId, item_id: itemId, action };
    try {
      const answer = await transport.ask("threads.sync_custom_action", params);
      const item = isObject(answer) ? parseItem(answer.updated_item) : null;
      if (item === null || !session.isCurrent) return;
      store.setItems(reduceItems(store.itemsState, { type: "thread.item.replaced", item }).state);
    } catch (error) {
      if (session.isCurrent) store.error.value = toChatError(error);
      emitter.error(error);
      throw error;
    }
  }

  private async begin(request: StreamingRequest): Promise<void> {
    if (this.turns.isBusy) throw new BusyError("Wait for the response, or stop it.");
    await this.turns.begin(this.context.session, request);
  }

  /** The open thread's id; without one there is nothing to act on, which is logged. */
  private openThread(name: string, what: string): string | null {
    const { threadId } = this.context.session;
    if (threadId === null) this.context.emitter.log(name, { what });
    return threadId;
  }
}
