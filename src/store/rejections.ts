/** Reads rejections. rejection-counts.ts writes them. */

export interface RejectionRow {
  readonly day: string;
  readonly reason: string;
  readonly family: string;
  readonly count: number;
  readonly samples: string;
  readonly last_at: number;
}

/** A pixel's rejections of some days, the latest day and then the most frequent first. */
export async function readRejections(
  db: D1Database,
  pixel: string,
  from: string,
  to: string,
): Promise<RejectionRow[]> {
  const { results } = await db
    .prepare(
      `SELECT day, reason, family, count, samples, last_at FROM rejections
       WHERE pixel = ? AND day BETWEEN ? AND ?
       ORDER BY day DESC, count DESC, reason, family
       LIMIT 5000`,
    )
    .bind(pixel, from, to)
    .all<RejectionRow>();
  return results;
}
