export type Deferred<T> = { promise: Promise<T>; resolve: (value: T) => void };

/** A promise with its resolver beside it. */
export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
