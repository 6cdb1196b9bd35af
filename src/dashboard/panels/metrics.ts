/**
 * The metrics of a dimension's table: few in a panel, more in the dialog of all rows.
 *
 * @param split a second dimension. Metrics of complete visits cannot be split by one of events.
 */
export function metricsOf(dimension: string, all = false, split: string | null = null): readonly string[] {
  if (split?.startsWith('event:') && !dimension.startsWith('event:')) return metricsOf(split, all);
  if (dimension === 'event:page')
    return all ? ['visitors', 'pageviews', 'time_on_page', 'scroll_depth'] : ['visitors', 'pageviews'];
  if (dimension === 'event:goal')
    return all
      ? ['visitors', 'events', 'conversion_rate', 'total_revenue', 'average_revenue']
      : ['visitors', 'conversion_rate', 'total_revenue'];
  if (dimension === 'event:currency') return ['events', 'total_revenue', 'average_revenue'];
  if (dimension.startsWith('event:')) return ['visitors', 'events'];
  if (dimension.startsWith('person:'))
    return all ? ['people', 'visitors', 'events', 'total_revenue'] : ['people', 'total_revenue'];
  return all
    ? ['visitors', 'visits', 'pageviews', 'bounce_rate', 'visit_duration']
    : ['visitors', 'percentage'];
}
