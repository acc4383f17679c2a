export type Deferred<T> = { promise: Promise<T>; resolve: (value: T) => void };

/** Creates a promise together with its resolver. */
export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
