/**
 * Databases that tell how far a request has seen. A bookmark stands for a state of the database, and bookmarks sort by time, as text.
 * D1 tells them only to its sessions, which never go back in time, and which lack only what Speck does not use: `exec` and `dump`.
 */
export interface BookmarkedDatabase {
  readonly db: D1Database;
  /** The newest state that was seen or made; null before the first answer. */
  bookmark(): string | null;
}

/** The primary or any replica that has at least a state. @param start a bookmark, or `first-unconstrained` for any state. */
export function databaseFrom(primary: D1Database, start: string): BookmarkedDatabase {
  const session = primary.withSession(start);
  return { db: session as unknown as D1Database, bookmark: () => session.getBookmark() };
}

/** The primary. Only the first statement of a session is sure to reach it, so each statement has a session of its own. */
export function bookmarkedPrimary(primary: D1Database): BookmarkedDatabase {
  const sessions: D1DatabaseSession[] = [];
  const begin = (): D1DatabaseSession => {
    const session = primary.withSession('first-primary');
    sessions.push(session);
    return session;
  };
  const db = {
    prepare: (sql: string) => begin().prepare(sql),
    batch: <Row>(statements: D1PreparedStatement[]) => begin().batch<Row>(statements),
  };
  return {
    db: db as unknown as D1Database,
    bookmark: () => sessions.reduce((newest, one) => laterOf(newest, one.getBookmark() ?? ''), '') || null,
  };
}

const laterOf = (a: string, b: string): string => (a < b ? b : a);
