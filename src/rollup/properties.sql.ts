/** The SQL of custom properties: counts for each value of the day's most used keys, and for events that lack a key. */
import { MAX_ROLLUP_PROPERTY_KEYS, PROPERTY_PREFIX } from '../model/dimensions.ts';
import { ENGAGEMENT } from '../model/event.ts';
import { VISIT_COUNTS } from '../model/metrics.ts';
import { columns } from '../sql/statement.ts';
import { STRETCHES } from '../sql/stretches.ts';
import { halfSums, ofHalves } from '../sql/sums.ts';
import { partCounts, partOfVisit, SUM_VISITS } from '../sql/visits.ts';
import { NO_SALES, NO_VISITS, PLAIN_COUNTS } from './values.sql.ts';

/** The revenue of events `n`, in halves, and their number. */
const SOLD = `${halfSums('n.value')[0]} AS high, ${halfSums('n.value')[1]} AS low, count(*) AS sales`;

/** `key_usage`: how often the day's events have each key. */
const KEY_USAGE = `
  key_usage AS MATERIALIZED (
    SELECT p.key AS key, count(*) AS uses
    FROM stretch s
    CROSS JOIN events e ON e.pixel = :pixel AND e.ts >= s.starts_at AND e.ts < s.ends_at AND e.props <> ''
      AND e.name <> '${ENGAGEMENT}'
    CROSS JOIN json_each(e.props) p ON p.value <> ''
    GROUP BY p.key
  )`;

/** The day's keys, the most used ones first: one more than a rollup stores. */
export const MOST_USED_KEYS = `
  WITH ${STRETCHES}, ${KEY_USAGE}
  SELECT key FROM key_usage ORDER BY uses DESC, key LIMIT ${MAX_ROLLUP_PROPERTY_KEYS + 1}`;

/**
 * Custom properties. `stored_key`: the day's most used keys. `property`: the values of events. `key_visit`: the visits of
 * visitors with the key. `property_sale`: the revenue of each value. An empty text is no value.
 *
 * Joins scan the larger side and look up the smaller one, since SQLite builds an index of the side that it looks up.
 */
export const PROPERTIES = `
  ${KEY_USAGE},
  stored_key AS MATERIALIZED (SELECT key FROM key_usage ORDER BY uses DESC, key LIMIT ${MAX_ROLLUP_PROPERTY_KEYS}),
  property AS MATERIALIZED (
    SELECT p.key AS key, p.value AS property_value, n.*
    FROM numbered_event n CROSS JOIN json_each(n.props) p ON p.value <> ''
    WHERE n.props <> '' AND p.key IN (SELECT key FROM stored_key)
  ),
  key_visit AS MATERIALIZED (
    SELECT t.key, v.visit, v.has_visitor, v.has_repeats, v.visitor_number, ${columns('v', PLAIN_COUNTS)}
    FROM visit v CROSS JOIN (SELECT DISTINCT key, visitor_number FROM property) t ON t.visitor_number = v.visitor_number
  ),
  property_sale AS MATERIALIZED (
    SELECT p.key AS key, p.value AS property_value, n.currency AS currency, ${SOLD}
    FROM sale n CROSS JOIN json_each(n.props) p ON p.value <> ''
    WHERE n.props <> '' AND p.key IN (SELECT key FROM stored_key)
    GROUP BY 1, 2, 3
  )`;

const PROPERTY = `'${PROPERTY_PREFIX}' || key`;
/** Whether an event lacks the key of row `t`. */
const LACKS_KEY = `
  (n.props = '' OR NOT EXISTS (SELECT 1 FROM json_each(n.props) p WHERE p.key = t.key AND p.value <> ''))`;

/**
 * Far more events lack a key than have it, so the SQL does not count them one by one. The counts of events without a key are
 * those of the complete day, minus those of all visitors with the key, plus those of these visitors' events without the key.
 */
export const PROPERTY_TERMS = [
  `SELECT ${PROPERTY} AS dimension, value, '' AS currency, ${SUM_VISITS}, ${NO_SALES}
  FROM (
    SELECT p.key, p.value, ${partOfVisit('p', 'v')}
    FROM (
      SELECT n.key, n.property_value AS value, n.visit, ${partCounts('n')}
      FROM property n
      GROUP BY 1, 2, 3) p
    CROSS JOIN key_visit v ON v.key = p.key AND v.visit = p.visit)
  GROUP BY key, value`,
  `SELECT ${PROPERTY} AS dimension, '' AS value, '' AS currency, ${VISIT_COUNTS.join(', ')}, ${NO_SALES}
  FROM stored_key CROSS JOIN (SELECT ${SUM_VISITS} FROM visit)`,
  `SELECT ${PROPERTY} AS dimension, '' AS value, '' AS currency, ${VISIT_COUNTS.map((count) => `-${count}`).join(', ')}, ${NO_SALES}
  FROM (
    SELECT key, ${SUM_VISITS} FROM key_visit GROUP BY key)`,
  `SELECT ${PROPERTY} AS dimension, '' AS value, '' AS currency, ${SUM_VISITS}, ${NO_SALES}
  FROM (
    SELECT p.key, ${partOfVisit('p', 'v')}
    FROM (
      SELECT t.key, n.visit, ${partCounts('n')}
      FROM numbered_event n CROSS JOIN key_visit t ON t.visit = n.visit AND ${LACKS_KEY}
      GROUP BY t.key, n.visit) p
    CROSS JOIN key_visit v ON v.key = p.key AND v.visit = p.visit)
  GROUP BY key`,
  // Marks a day with more keys than a rollup stores: a row of the dimension without a key.
  `SELECT '${PROPERTY_PREFIX}' AS dimension, '' AS value, '' AS currency, ${VISIT_COUNTS.map((count) => (count === 'events' ? '1' : '0')).join(', ')}, ${NO_SALES}
  FROM (SELECT count(*) AS keys FROM key_usage) WHERE keys > ${MAX_ROLLUP_PROPERTY_KEYS} AND :from = ''`,
  `SELECT ${PROPERTY} AS dimension, property_value AS value, currency, ${NO_VISITS}, ${ofHalves('high', 'low')} AS revenue, sales
  FROM property_sale`,
  // The revenue without a key is all revenue minus the revenue with the key.
  `SELECT ${PROPERTY} AS dimension, '' AS value, currency, ${NO_VISITS}, ${ofHalves('sum(high)', 'sum(low)')} AS revenue, sum(sales) AS sales
  FROM (
    SELECT key, currency, high, low, sales
    FROM stored_key CROSS JOIN (SELECT currency, ${SOLD} FROM sale n GROUP BY currency)
    UNION ALL
    SELECT key, currency, -high, -low, -sales FROM property_sale)
  GROUP BY key, currency`,
];
