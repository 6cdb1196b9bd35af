/** A row of a result of Analytics Engine, by the names of its columns. */
export type EngineRow = Readonly<Record<string, string | number | null>>;
