/** What statements say of `deliveries_due`, the index of the deliveries that are not done. */

/** SQL for the deliveries in the index of those that are due. */
export const IN_INDEX = `state IN ('waiting', 'sent')`;

/** SQL for when the first delivery of the destination `d` is due; NULL if there is none. */
export const FIRST_DUE = `(SELECT min(x.due_at) FROM deliveries x INDEXED BY deliveries_due WHERE x.destination = d.id AND x.${IN_INDEX})`;
