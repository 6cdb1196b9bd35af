/** The built Worker, which bench/lib/recorded-speck.ts puts into the bundle of bench/lib/recorder.ts. */
declare module 'speck-worker' {
  type Handler = (subject: unknown, env: unknown, ctx: unknown) => Response | Promise<Response>;
  const worker: {
    readonly fetch: Handler;
    readonly scheduled: (controller: unknown, env: unknown, ctx: unknown) => Promise<void>;
    readonly queue: (batch: unknown, env: unknown, ctx: unknown) => Promise<void>;
  };
  export default worker;
}
