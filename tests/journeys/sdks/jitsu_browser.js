window.call = (round) => {
  analytics.identify('45', { round })
  analytics.track('Tried', { round })
  analytics.page({ name: 'Book', round })
  analytics.group('g-1', { round })
}
