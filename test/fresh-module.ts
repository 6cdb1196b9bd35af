/** A module with a cache, as modules of src have them. */
export const CACHED: string[] = [];
