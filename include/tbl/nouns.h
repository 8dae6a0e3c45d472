/* The nouns of the appliance, in the order in which they start. */
NOUN(system)
NOUN(domain)
NOUN(certificate)
NOUN(app)
NOUN(user)
NOUN(group)
NOUN(job)
NOUN(audit)
