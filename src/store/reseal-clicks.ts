/** Seals kept clicks again after a rotation of SECRET_KEY, so that they open for as long as they are kept. */
import type { ClickParameter } from '../model/conversion.ts';
import type { Secrets } from '../model/secret-key.ts';
import { openClick, sealClick } from './sealed-clicks.ts';

/** The most clicks that one call seals: see `AT_ONCE` in sealed-keys.ts. */
const AT_ONCE = 200;

interface StoredClick {
  readonly pixel: string;
  readonly person: string;
  readonly parameter: ClickParameter;
  readonly click: string;
}

/**
 * Two statements. It reads all clicks, so call it only while there is a previous secret.
 *
 * @param condition SQL for whether a click is to be sealed again, with its parameters.
 * @throws what D1 throws.
 */
export async function resealClicks(
  db: D1Database,
  secrets: Secrets,
  condition: string,
  parameters: readonly unknown[],
): Promise<void> {
  const [secret = ''] = secrets;
  const { results } = await db
    .prepare(`SELECT pixel, person, parameter, click FROM clicks WHERE ${condition} LIMIT ${AT_ONCE}`)
    .bind(...parameters)
    .all<StoredClick>();
  const changes = await Promise.all(
    results.map(async ({ click, ...key }) => {
      const open = await openClick(secrets, key, click);
      if (open === null) return [];
      return [[key.pixel, key.person, key.parameter, click, await sealClick(secret, key, open)]];
    }),
  );
  const rows = changes.flat();
  if (rows.length === 0) return;
  // A click that was replaced meanwhile stays as it is.
  await db
    .prepare(
      `UPDATE clicks SET click = j.value ->> 4
       FROM json_each(?) j
       WHERE clicks.pixel = j.value ->> 0 AND clicks.person = j.value ->> 1 AND clicks.parameter = j.value ->> 2
         AND clicks.click = j.value ->> 3`,
    )
    .bind(JSON.stringify(rows))
    .run();
}
