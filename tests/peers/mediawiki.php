<?php
// Settings on top of those that MediaWiki's installer wrote: its changes leave as JSON by UDP.
require getenv( 'WIKI_DIR' ) . '/LocalSettings.php';

$feed = 'udp://127.0.0.1:' . getenv( 'WIKI_FEED' );
$wgRCFeeds['json'] = [ 'formatter' => 'JSONRCFeedFormatter', 'uri' => $feed ];
// Sysops hide what is in a history, as they do in Wikipedia.
$wgGroupPermissions['sysop']['deleterevision'] = true;
$wgRateLimits = [];

// Wikimedia's extension EventBus, which no registry has, makes an event of this hook.
$wgHooks['ArticleRevisionVisibilitySet'][] = static function ( $title, $ids, $changes ) use ( $feed ) {
	$seen = static fn ( $bits ) => [ 'text' => !( $bits & 1 ), 'comment' => !( $bits & 2 ), 'user' => !( $bits & 4 ) ];
	foreach ( $ids as $id ) {
		$revision = MediaWiki\MediaWikiServices::getInstance()->getRevisionLookup()->getRevisionById( $id );
		UDPTransport::newFromString( $feed )->emit( json_encode( [
			'database' => WikiMap::getCurrentWikiId(),
			'page_id' => $title->getArticleID(),
			'page_title' => $title->getPrefixedDBkey(),
			'page_namespace' => $title->getNamespace(),
			'page_is_redirect' => $title->isRedirect(),
			'rev_id' => (int)$id,
			'rev_timestamp' => wfTimestamp( TS_ISO_8601, $revision->getTimestamp() ),
			'rev_parent_id' => (int)$revision->getParentId(),
			'rev_len' => $revision->getSize(),
			'rev_sha1' => $revision->getSha1(),
			'rev_content_model' => $revision->getSlot( 'main' )->getModel(),
			'rev_content_format' => 'text/x-wiki',
			'rev_minor_edit' => $revision->isMinor(),
			'visibility' => $seen( $changes[$id]['newBits'] ),
			'prior_state' => [ 'visibility' => $seen( $changes[$id]['oldBits'] ) ],
		] ) );
	}
};
