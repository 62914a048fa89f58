# doubt
basic; git config core.repositoryFormatVersion 1; git config extensions.novelty true
