function call(round) {
  const userId = '45'
  analytics.identify({ userId, traits: { round } })
  analytics.track({ userId, event: 'Tried', properties: { round }, timestamp: new Date('2026-01-02T03:04:05.006Z') })
  analytics.page({ userId, name: 'Book', properties: { round } })
  analytics.screen({ userId, name: 'Book', properties: { round } })
  analytics.group({ userId, groupId: 'g-1', traits: { round } })
  analytics.alias({ userId, previousId: `round-${round}` })
  analytics.flush()
}
