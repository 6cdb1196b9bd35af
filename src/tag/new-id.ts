/** 128 random bits in 28 letters and digits; undefined where there are no random numbers. */
export const newId = (): string | undefined => {
  try {
    let id = '';
    // Not with randomUUID, which pages without https do not have.
    for (const part of crypto.getRandomValues(new Uint32Array(4))) id += (part + 2 ** 32).toString(36);
    return id;
  } catch {
    return;
  }
};
