/** Asks again and again until there is something, for what arrives in its own time. Patience costs only what fails. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  what: string,
  patience = 30_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + patience;
  for (;;) {
    const value = await ask();
    if (value) return value as Exclude<T, false | null | undefined>;
    if (Date.now() > deadline) throw new Error(`waited ${patience} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
