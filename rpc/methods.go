package rpc

// Methods is the registry of all methods. `getinfo` must never be among them:
// clients take its success as the mark of another node.
func Methods() (*Registry, error) {
	return NewRegistry(
		chainMethods, treeMethods, chainCommandMethods, coinMethods, statsMethods,
		rawTxMethods, createMethods, signMethods,
		mempoolMethods, orphanMethods, sendMethods, packageMethods, feeMethods,
		miningMethods, generateMethods, templateMethods, submitMethods,
		networkMethods, peerMethods, peerTestMethods, addressBookMethods, banMethods,
		addressMethods, messageMethods, multiSigMethods, txProofMethods, verifyChainMethods, controlMethods, clockMethods, castMethods,
	)
}
