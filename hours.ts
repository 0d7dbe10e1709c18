console.error('hours: no verbs yet')
